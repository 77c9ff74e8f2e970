-- Prints wrk's percentiles in µs as JSON.
done = function(summary, latency, requests)
  local names = { p50 = 50, p90 = 90, p95 = 95, p99 = 99, p999 = 99.9 }
  local parts = {}
  for name, percent in pairs(names) do
    parts[#parts + 1] = string.format('"%s":%d', name, latency:percentile(percent))
  end
  io.write("{" .. string.format('"count":%d,', summary.requests) .. table.concat(parts, ",") .. "}\n")
end
