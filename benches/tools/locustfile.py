"""What Locust measures: one path, as fast as it can, or RATE requests per second over USERS users."""

import os

from locust import FastHttpUser, constant, constant_throughput, task

RATE = float(os.environ.get("RATE", "0"))
USERS = float(os.environ.get("USERS", "1"))


class Get(FastHttpUser):
    wait_time = constant_throughput(RATE / USERS) if RATE else constant(0)

    @task
    def get(self):
        self.client.get("/")
