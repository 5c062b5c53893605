-- What wrk has counted, as one line of JSON. No hook runs per answer: that would cost the client
-- more than the answer does.
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'totals: {"requests": %d, "bytes": %d, "seconds": %.6f, "rate": %.3f, "failures": %d, ' ..
      '"p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.bytes, summary.duration / 1e6,
    summary.requests / (summary.duration / 1e6),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
