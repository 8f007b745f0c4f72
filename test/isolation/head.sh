#!/bin/sh
# Starts a Ray head on the cluster's side: head.sh <repository> <address> <dashboard port>; the token comes on stdin.
# Of the repository it sees the Python environment and nothing else, and its /tmp and /dev/shm are its own: no project
# folder, no home of the agent, no source of the engine.
set -eu
repository=$1 address=$2 port=$3
token=$(cat)

mount --make-rprivate /
mkdir -p /mnt
mount --bind "$repository/.venv" /mnt
# Before the repository, which may lie in /tmp itself.
mount -t tmpfs none /tmp
mkdir -p "$repository"
mount -t tmpfs -o size=16m none "$repository"
mkdir "$repository/.venv"
mount --move /mnt "$repository/.venv"
mount -t tmpfs none /dev/shm

export HOME=/tmp/home RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=/tmp/home/token
export RAY_USAGE_STATS_ENABLED=0 PATH="$repository/.venv/bin:$PATH"
mkdir -m 700 "$HOME"
(umask 077 && printf %s "$token" >"$RAY_AUTH_TOKEN_PATH")
cd "$HOME"
exec "$repository/.venv/bin/ray" start --head --block --temp-dir=/tmp/home/ray --num-cpus=2 \
  --node-ip-address="$address" --dashboard-host="$address" --dashboard-port="$port"
