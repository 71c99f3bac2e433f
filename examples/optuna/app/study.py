"""A service on top of optuna: python study.py serve | trial | seed STUDIES TRIALS.

Everything in the database is made and read by optuna itself; its own check says
whether the schema is the one this release of optuna needs.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


def storage() -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(os.environ["DATABASE_URL"], engine_kwargs={"pool_size": 1})


def objective(trial: optuna.Trial) -> float:
    return (trial.suggest_float("x", -10, 10) - 2) ** 2 + trial.suggest_int("depth", 1, 8)


def seed(studies: int, trials: int) -> None:
    store = storage()
    for number in range(studies):
        sampler = optuna.samplers.RandomSampler(seed=number)
        study = optuna.create_study(storage=store, study_name=f"study-{number}", sampler=sampler)
        study.set_user_attr("owner", "example")
        study.optimize(objective, n_trials=trials)
    print(f"{studies} studies of {trials} trials, schema {store.get_current_version()}")


def trial() -> None:
    study = optuna.load_study(study_name="study-0", storage=storage())
    study.optimize(objective, n_trials=1)
    print(f"study-0 has {len(study.trials)} trials")


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        store = None
        try:
            store = storage()
            trials = {s.study_name: s.n_trials for s in optuna.get_all_study_summaries(store)}
            status, answer = 200, {"optuna": optuna.__version__, "trials": trials}
        except Exception as error:
            status, answer = 500, {"optuna": optuna.__version__, "error": str(error)}
        finally:
            if store is not None:
                store.engine.dispose()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_) -> None:
        pass


def serve() -> None:
    server = ThreadingHTTPServer(("", 8000), Health)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    command, *counts = sys.argv[1:]
    {"serve": serve, "trial": trial, "seed": seed}[command](*map(int, counts))
