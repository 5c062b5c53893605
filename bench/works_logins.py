"""Pulls while very many users sign in for the first time."""

import json
import signal
import subprocess
import time

import load
from contestants import basic
from measure import WrongAnswer
from shared import PASSWORD
from work import Figure, Target, Work

FIGURES = (Figure("quiet", "p99 of a 1 MiB pull alone, ms", digits=2),
           Figure("during", "p99 during the logins, ms", digits=2),
           Figure("ratio", "during : alone", digits=2),
           Figure("logins", "logins/s", more_is_better=True, digits=0))
PULLERS = 4
QUIET = 2  # seconds
LOGIN_CONNECTIONS = 8


def pulls(bench, contestant, seconds):
    piece = bench.site.piece
    return load.arguments("requests", contestant, path=piece.url, length=piece.size, connections=PULLERS,
                          seconds=seconds)


def p99_of_pulls(contestant, child):
    out, error = child.communicate()
    if child.returncode != 0:
        raise WrongAnswer(f"{contestant}: pulls: {error.strip()[:400]}")
    return json.loads(out)["p99_ms"]


def start(argv, **options):
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def logins_work(key, title, prefix, count):
    def measure(bench, contestant):
        users = min(count, bench.logins)
        contestant.restart()  # nobody is known
        quiet = p99_of_pulls(contestant, start(pulls(bench, contestant, QUIET)))
        under_way = start(pulls(bench, contestant, 600))
        time.sleep(0.2)
        lines = "".join(f"Authorization: {basic(f'{prefix}{i}', PASSWORD)}\n" for i in range(users))
        out, error, status, _ = load.finish(
            load.arguments("each", contestant, authorization=None, path="/v2/", connections=LOGIN_CONNECTIONS),
            input=lines)
        under_way.send_signal(signal.SIGTERM)
        during = p99_of_pulls(contestant, under_way)
        if status != 0:
            raise WrongAnswer(f"{contestant}: logins: {error.strip()[:400]}")
        return {"quiet": quiet, "during": during, "ratio": during / quiet,
                "logins": users / json.loads(out)["seconds"]}
    return Work(key, title, ("registry", "moorgate"), FIGURES, (Target("ratio", at_most=2),), measure)


WORKS = (
    logins_work("logins", "1,000 first logins (bcrypt cost 5) while 4 clients pull", "guest", 1000),
    logins_work("logins_patient", "80 first logins (bcrypt cost 10) while 4 clients pull", "patient", 80),
)
