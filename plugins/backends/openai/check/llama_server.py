"""llama.cpp's own server, out of the Python package xllamacpp, on this machine alone.

    python llama_server.py MODEL.gguf PORT

The key that it asks for is in LLAMA_KEY. It serves until it is killed."""

import os
import sys
import time

from xllamacpp import CommonParams, Server

SLOTS = 2
CONTEXT = 2048

model, port = sys.argv[1:]
params = CommonParams()
params.model.path = model
params.n_ctx = SLOTS * CONTEXT
params.n_parallel = SLOTS
params.cpuparams.n_threads = 2
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.api_keys = [os.environ["LLAMA_KEY"]]
server = Server(params)
while True:
    time.sleep(3600)
