#!/usr/bin/env bash
# bench/http/run.sh BUILD [SECONDS] [ROUNDS]: requests/s and latency of a trivial answer at 16 connections, the server
# and the bare epoll responder in turns.
set -euo pipefail
build=$1 seconds=${2:-5} rounds=${3:-3}
folder=$(mktemp -d)
pids=()
cleanup() { kill "${pids[@]}" 2> /dev/null || true; rm -rf "$folder"; }
trap cleanup EXIT

"$build/http_probe" --listen 127.0.0.1:0 --port-file "$folder/port" & pids+=($!)
ceiling_port=$((20000 + RANDOM % 10000))
"$build/http_ceiling" $ceiling_port "$(nproc)" & pids+=($!)
for _ in $(seq 100); do [ -s "$folder/port" ] && break; sleep 0.1; done
server_port=$(cat "$folder/port")

measure() {  # measure NAME URL
  wrk -t2 -c16 -d"${seconds}s" --latency "$2" > "$folder/wrk"
  grep -q "Non-2xx\|Socket errors" "$folder/wrk" && { cat "$folder/wrk"; exit 1; }
  awk -v name="$1" '/50%/{p50=$2} /99%/{p99=$2} /Latency +[0-9]/{max=$4} /Requests\/sec/{rate=$2}
                    END{printf "%-10s %10.0f requests/s   p50 %-9s p99 %-9s max %s\n", name, rate, p50, p99, max}' "$folder/wrk"
}

echo "$(nproc) cores, load before: $(cut -d' ' -f1-3 /proc/loadavg)"
for _ in $(seq "$rounds"); do
  measure ceiling "http://127.0.0.1:$ceiling_port/hello"
  measure server "http://127.0.0.1:$server_port/hello"
done
