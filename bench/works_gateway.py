"""Moorgate in front of another registry, beside nginx in front of the same one."""

import works_requests
import works_transfers
from work import Target

BOTH = ("proxy", "gateway")
TARGETS = (Target("rate", "proxy", at_least=1.0),)
NOTE = "CPU and memory are those of the server in front; both have the same docker-registry behind them."

WORKS = (
    works_requests.get_manifest(16, key="gateway_manifest_get", title="manifest GET through a gateway, 16 connections",
                                contestants=BOTH, targets=TARGETS, ours="gateway", note=NOTE),
    works_transfers.pull_work("gateway_blob_pull", "blob pull over TLS through a gateway, 1 client", BOTH, TARGETS, 1,
                              ours="gateway", note=NOTE),
)
