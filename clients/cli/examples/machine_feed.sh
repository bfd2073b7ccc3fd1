#!/usr/bin/env bash
# Publishes this machine's load, memory and network counters to demo/load, demo/memory and demo/network,
# one compact JSON object each second, through one long-running `ringcast pub` for each topic.
#
# Usage: machine_feed.sh [RINGCAST]   RINGCAST is the client's path; it takes the broker from RINGCAST_URL.
set -euo pipefail

ringcast=${1:-ringcast}
publishers=()
trap 'kill "${publishers[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 0' INT TERM
trap '' PIPE  # A write to a publisher that is gone fails, and ends this script with a message.

exec {to_load}> >(exec "$ringcast" pub demo/load)
publishers+=($!)
exec {to_memory}> >(exec "$ringcast" pub demo/memory)
publishers+=($!)
exec {to_network}> >(exec "$ringcast" pub demo/network)
publishers+=($!)

load() {
  local one five fifteen tasks rest
  read -r one five fifteen tasks rest </proc/loadavg
  printf '{"load_1m":%s,"load_5m":%s,"load_15m":%s,"running":%s,"tasks":%s}\n' \
    "$one" "$five" "$fifteen" "${tasks%/*}" "${tasks#*/}"
}

memory() {
  local name value unit
  local -A kib
  while read -r name value unit; do kib[${name%:}]=$value; done </proc/meminfo
  printf '{"used_percent":%d,"available_kib":%s,"total_kib":%s,"swap_free_kib":%s}\n' \
    $((100 - 100 * kib[MemAvailable] / kib[MemTotal])) "${kib[MemAvailable]}" "${kib[MemTotal]}" "${kib[SwapFree]}"
}

# The sums over all interfaces, and what they grew by since the last call.
received_before='' sent_before=''
network() {
  local line received=0 sent=0
  local -a counters
  while IFS= read -r line; do
    read -r -a counters <<<"${line#*:}"
    received=$((received + counters[0])) sent=$((sent + counters[8]))
  done < <(tail -n +3 /proc/net/dev)
  printf '{"received_per_s":%d,"sent_per_s":%d,"received":%d,"sent":%d}\n' \
    $((received - ${received_before:-$received})) $((sent - ${sent_before:-$sent})) "$received" "$sent"
  received_before=$received sent_before=$sent
}

while true; do
  load >&"$to_load"
  memory >&"$to_memory"
  network >&"$to_network"
  sleep 1
done
