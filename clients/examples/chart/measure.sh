#!/usr/bin/env bash
# Prints how busy this machine's processors are and how full its memory is, in percent: a line of JSON each second.
set -euo pipefail

busy_before=0 all_before=0
while true; do
  read -r _ user nice system idle wait irq softirq steal _ </proc/stat
  busy=$((user + nice + system + irq + softirq + steal)) all=$((busy + idle + wait))
  while read -r name kib _; do declare "${name%:}=$kib"; done < <(grep -E '^Mem(Total|Available):' /proc/meminfo)
  [ "$all_before" -eq 0 ] || printf '{"cpu":%d,"memory":%d}\n' \
    $((100 * (busy - busy_before) / (all - all_before))) $((100 - 100 * MemAvailable / MemTotal))
  busy_before=$busy all_before=$all
  sleep 1
done
