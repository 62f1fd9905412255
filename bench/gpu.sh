#!/usr/bin/env bash
# What a rented GPU must tell, in twelve minutes from a bare machine with Python 3.11; it prints one table.
#
#   bench/gpu.sh pack WHEELS       here, with a package index: every wheel that `run` needs, ours included
#   bench/gpu.sh run WHEELS OUT    there, without a network: an environment from them, then every figure into OUT
#   bench/gpu.sh run - OUT         in the project's own environment (.venv), without installing anything
#
# DEVICE=cpu REDUCED=1 bench/gpu.sh run - OUT   proves the script where there is no GPU, in some six minutes
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit "$1"; }

pack() {
    mkdir -p "$1"
    local wheels distributions=()
    wheels=$(realpath "$1")
    for project in libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml; do
        distributions+=("./$(dirname "$project")")
    done
    python3 -m pip wheel --quiet --wheel-dir "$wheels" --constraint requirements.lock \
        --requirement requirements-dev.txt "${distributions[@]}"
    # The libraries of CUDA that CTranslate2 opens by name, which its metadata does not ask for.
    python3 -m pip download --quiet --no-deps --dest "$wheels" --requirement requirements/ctranslate2-cuda.lock
    echo "packed: $(du -sh "$wheels" | cut -f1) in $wheels"
}

install() {
    python3 -m venv "$2"
    "$2/bin/python" -m pip install --quiet --no-index --find-links "$1" "$1"/*.whl
}

# Run one bench under its limit of seconds. What fails is a row of the table, not the end of it.
step() {
    local name=$1 limit_s=$2
    shift 2
    local started=$SECONDS rc=0
    echo "== $name" >&2
    timeout --kill-after=10 "$limit_s" "$python" "$@" >"$out/$name.json" 2>"$out/$name.log" || rc=$?
    printf '%s\t%s\t%s\n' "$name" "$rc" "$((SECONDS - started))" >>"$out/steps.tsv"
    if [ "$rc" -ne 0 ]; then tail -n 3 "$out/$name.log" >&2; fi
}

run() {
    out=$2
    mkdir -p "$out"
    : >"$out/steps.tsv"
    python=.venv/bin/python
    if [ "$1" != - ]; then
        install "$(realpath "$1")" "$out/venv"
        python=$out/venv/bin/python
    fi
    python=$(realpath -s "$python")
    local site
    site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    export LD_LIBRARY_PATH="$site/nvidia/cublas/lib:$site/nvidia/cuda_nvrtc/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    local device=${DEVICE:-cuda}
    export CARABIN_TRANSCRIBER_DEVICE=$device
    nvidia-smi --query-gpu=name,memory.total,driver_version,compute_cap --format=csv,noheader >"$out/gpu.txt" 2>/dev/null ||
        echo "no GPU: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)" >"$out/gpu.txt"

    step doctor 60 -m carabin.cli doctor --gpu-only --json
    if [ "${REDUCED:-}" ]; then
        step device 420 bench/device.py --device "$device" --sizes base small --batches 1 4 --repeats 2 --json
        step live 90 bench/live.py --ours --json --scenarios continuous --clients 1 --seconds 10
        step capacity 90 bench/capacity.py --json --clients 10 --seconds 15 --batch-ms "$(batch_ms base)"
        step swap 120 bench/swap.py --json --swaps 2 --clients 1 --sentences 2
        step train 180 bench/train.py --json --recipes lora --sentences 8 --validation 4 --epochs 1 --batch 4 --no-score
        step export 240 bench/export.py --json --sizes base
    else
        step device 150 bench/device.py --device "$device" --sizes base small large-v3 --json
        step live 180 bench/live.py --ours --json --scenarios continuous --clients 1 8 --seconds 30
        step capacity 120 bench/capacity.py --json --clients 200 --seconds 30 --batch-ms "$(batch_ms large-v3)"
        step swap 90 bench/swap.py --json --swaps 4 --clients 4 --sentences 2
        step train 120 bench/train.py --json --recipes notebook lora full --sentences 48 --validation 4 --epochs 2 --no-score
        step export 240 bench/export.py --json --sizes base
    fi
    "$python" bench/gpu_table.py "$out"
}

# What a full batch of 10 s windows takes the device, in ms, as the step before measured it.
batch_ms() { "$python" bench/gpu_table.py "$out" --batch-ms "$1"; }

case "${1:-}" in
pack) [ $# -eq 2 ] || usage 2; pack "$2" ;;
run) [ $# -eq 3 ] || usage 2; run "$2" "$3" ;;
-h | --help) usage 0 ;;
*) usage 2 ;;
esac
