#!/bin/bash
# One task of an array runs one job:
#
#   aegis job plan --data /shared/table.csv --target y --jobs jobs.json
#   sbatch --array="$(aegis job list --jobs jobs.json --only missing)" slurm.sh jobs.json
#   aegis job merge --jobs jobs.json --out result.json
#
# Results are in the folder jobs.results. Submitted again, the same line runs what is missing.
#SBATCH --job-name=aegis
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --output=aegis-%A_%a.log
set -euo pipefail
export GOMAXPROCS="${SLURM_CPUS_PER_TASK:-1}" # threads change no bit of a result
# export AEGIS_KERNELS=avx2                   # as for plan, where not all nodes have AVX-512
exec aegis job run --jobs "${1:?FILE of jobs}" --index-from SLURM_ARRAY_TASK_ID
