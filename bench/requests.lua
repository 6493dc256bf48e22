-- SPDX-License-Identifier: LGPL-2.1-or-later
-- wrk's requests: a file with a request's body on each line, sent one after the other.
--   wrk -s requests.lua URL -- BODIES_FILE [HEADER: VALUE]...
function init(args)
  local headers = {}
  for i = 2, #args do
    local name, value = args[i]:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  requests, at = {}, 0
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read +
    summary.errors.write + summary.errors.timeout
  io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
    wrong, latency:percentile(99)))
end
