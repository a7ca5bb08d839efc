"""The other side of openai_against_python.sh: the same requests by the official Python client, 64 at a
time, to the same service.

    openai_against_python.py compare SERVICE OURS   # runs everybody in turn and prints the table
    openai_against_python.py run CLIENT VERB COUNT SERVICE   # their side, one JSON line

CLIENT is `httpx`, what the client takes unless told otherwise, or `aiohttp`, its faster choice. VERB is
as in openai_against_python.rs: `busy`, `kept` (ours alone) or `waiting`. SERVICE is the program
pilotbench-test-service. OURS is the command of our side, called as `OURS VERB COUNT`.
"""

import asyncio
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("ROUNDS", 3))
IN_FLIGHT, WARM, DELAY_MS = 64, 1000, 50
COUNTS = {"busy": 20_000, "kept": 20_000, "waiting": 10_000}
IDEAL = IN_FLIGHT / (DELAY_MS / 1000)
CLIENTS = ("httpx", "aiohttp")

# The words of plugins/backends/openai/src/measure.rs, with letters as the backend writes them.
STORY = (
    "A company wants to sell a device that watches how its owner sleeps. The data leave the house and "
    "are kept for ten years. The company says that nobody but the owner may look at them, and that a "
    "court would have to ask for anything else. A newspaper found that the company had said the same of "
    "an earlier device, whose data were sold."
)
ASKED = (
    f"{STORY}\n\nDo you trust the company?\nAnswer with the letter of one of:\nA. Strongly agree\n"
    "B. Somewhat agree\nC. Somewhat disagree\nD. Strongly disagree"
)


class Service:
    """The service's process, for as long as the block lasts."""

    def __init__(self, program, verb):
        delay = DELAY_MS if verb == "waiting" else 0
        self.command = [program, "--delay-ms", str(delay)]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def client(name, url):
    from openai import AsyncOpenAI, DefaultAioHttpClient

    http = DefaultAioHttpClient() if name == "aiohttp" else None
    return AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http)


async def ask(api, number):
    """Log-probabilities of the letters, as the backend takes them from a reply."""
    reply = await api.chat.completions.create(
        model="m", max_tokens=1, temperature=1.0, logprobs=True, top_logprobs=20,
        messages=[
            {"role": "system", "content": f"You are number {number}."},
            {"role": "user", "content": ASKED},
        ],
    )
    top = {entry.token: entry.logprob for entry in reply.choices[0].logprobs.content[0].top_logprobs}
    return [top[letter] for letter in "ABCD"]


async def ask_all(api, numbers):
    numbers = iter(numbers)

    async def work():
        for number in numbers:
            await ask(api, number)

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(name, count, url):
    async with client(name, url) as api:
        await ask_all(api, range(WARM))
        started, cpu = time.perf_counter(), cpu_seconds()
        await ask_all(api, range(WARM, WARM + count))
        seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"requests": count, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak}


def answer(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def one_round(service, ours, number):
    """What everybody reports, by name and verb; every second round in the other direction."""
    def of(name, verb):
        if name == "ours":
            return answer([*shlex.split(ours), verb, COUNTS[verb]])
        return answer([sys.executable, __file__, "run", name, verb, COUNTS[verb], service])

    turn = [(name, verb) for verb in COUNTS for name in ("ours", *CLIENTS)]
    turn = [(name, verb) for name, verb in turn if name == "ours" or verb != "kept"]
    return {pair: of(*pair) for pair in (turn if number % 2 == 0 else turn[::-1])}


def rate(one):
    return one["requests"] / one["seconds"]


def per_cpu(one):
    return one["requests"] / one["cpu_seconds"]


class Found:
    """All rounds."""

    def __init__(self, rounds):
        self.rounds = rounds

    def median(self, pair, value):
        return statistics.median(value(some[pair]) for some in self.rounds)

    def ratios(self, verb, theirs, value):
        return [value(some["ours", verb]) / value(some[theirs, verb]) for some in self.rounds]


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def table(found):
    print(f"\n{len(found.rounds)} rounds, {IN_FLIGHT} requests under way; medians\n"
          f"{'':34}{'requests/s':>11}{'per CPU-s':>11}{'peak MB':>9}  {'ours/theirs':24}CPU")
    titles = {"busy": "at once", "kept": "at once, kept on disk", "waiting": f"after {DELAY_MS} ms"}
    for name, verb in sorted(found.rounds[0], key=lambda pair: list(titles).index(pair[1])):
        title = f"{titles[verb]}: {name if name == 'ours' else f'openai, {name}'}"
        peak = found.median((name, verb), lambda one: one["peak_mb"])
        row = (f"{title:34}{found.median((name, verb), rate):11.0f}"
               f"{found.median((name, verb), per_cpu):11.0f}{peak:9.0f}")
        if name != "ours":
            row += f"  {spread(found.ratios(verb, name, rate)):24}{spread(found.ratios(verb, name, per_cpu))}"
        print(row)


def goals(found):
    """Ours and theirs, as the client comes, beside what is wanted of ours."""
    both = lambda verb, value: [found.median((name, verb), value) for name in ("ours", CLIENTS[0])]  # noqa: E731
    peak = lambda one: one["peak_mb"]  # noqa: E731
    share = lambda one: 100 * rate(one) / IDEAL  # noqa: E731
    most = max(found.median(("ours", verb), peak) for verb in COUNTS)
    times = statistics.median(found.ratios("busy", CLIENTS[0], rate))
    rows = [
        ("requests/s, at once", *both("busy", rate), ">=", 3000),
        ("the same, kept on disk", found.median(("ours", "kept"), rate), None, ">=", 3000),
        ("peak MB, the most of all", most, found.median((CLIENTS[0], "busy"), peak), "<", 100),
        (f"% of {IDEAL:.0f} requests/s, after {DELAY_MS} ms", *both("waiting", share), ">=", 95),
        ("requests/s, times theirs", times, None, ">=", 5),
    ]
    print(f"\n{'':38}{'ours':>9}{'theirs':>9}  goal")
    for title, ours, theirs, sign, goal in rows:
        met = ours >= goal if sign == ">=" else ours < goal
        other = f"{theirs:9.1f}" if theirs is not None else f"{'':9}"
        print(f"{title:38}{ours:9.1f}{other}  {sign} {goal}{'' if met else '   missed'}")


def compare(service, ours):
    rounds = []
    for number in range(ROUNDS):
        rounds.append(one_round(service, ours, number))
        for (name, verb), one in rounds[-1].items():
            print(json.dumps({"round": number, "name": name, "verb": verb, **one}), flush=True)
    found = Found(rounds)
    table(found)
    goals(found)


def main():
    verb, *rest = sys.argv[1:]
    if verb == "compare":
        compare(*rest)
    else:
        name, what, count, program = rest
        with Service(program, what) as url:
            print(json.dumps(asyncio.run(measure(name, int(count), url))))


if __name__ == "__main__":
    main()
