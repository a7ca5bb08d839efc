"""llama.cpp's own server, out of the Python package xllamacpp, for this machine alone.

    python llama_server.py MODEL.gguf PORT

The variable LLAMA_KEY holds the key that it asks for. It serves until it is killed."""

import os
import sys
import threading

from xllamacpp import CommonParams, Server

SLOTS, CONTEXT, THREADS = 2, 2048, 1  # threads wait for each other: one is best beside other work

model, port = sys.argv[1:]
params = CommonParams()
params.model.path = model
params.model_alias = {"smollm2-135m"}
params.n_ctx = SLOTS * CONTEXT  # of all slots together
params.n_parallel = SLOTS
params.cpuparams.n_threads = THREADS
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.api_keys = [os.environ["LLAMA_KEY"]]
server = Server(params)
threading.Event().wait()
