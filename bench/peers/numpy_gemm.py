"""Times NumPy's float32 matrix products and prints, for each shape, the time of each repetition and the median rate.

    echo '[{"m": 512, "n": 2304, "k": 768, "transposeA": false, "transposeB": false, "calls": 1}]' |
        python bench/peers/numpy_gemm.py --threads 2

Operands are row-major. Transposed ones are views, which BLAS reads without a copy. A repetition is `calls` consecutive
products. They do not accumulate, because NumPy's product cannot. The output also names the BLAS.
"""

import argparse
import json
import os
import statistics
import sys
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--repetitions", type=int, default=7, help="timed repetitions, after one that is not timed")
options = parser.parse_args()
# This must precede the import of NumPy, because its BLAS reads the environment.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import numpy


def blas():
    described = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"numpy {numpy.__version__}, {described['name']} {described['version']}"


def seconds(m, n, k, transposeA, transposeB, calls):
    random = numpy.random.default_rng(1)
    a = random.random((k, m) if transposeA else (m, k), dtype=numpy.float32)
    b = random.random((n, k) if transposeB else (k, n), dtype=numpy.float32)
    left, right = a.T if transposeA else a, b.T if transposeB else b
    out = numpy.empty((m, n), dtype=numpy.float32)
    times = []
    for _ in range(options.repetitions + 1):
        start = time.perf_counter()
        for _ in range(calls):
            numpy.matmul(left, right, out=out)
        times.append((time.perf_counter() - start) / calls)
    return times[1:]


results = []
for shape in json.load(sys.stdin):
    times = seconds(**shape)
    operations = 2 * shape["m"] * shape["n"] * shape["k"]
    results.append({"seconds": times, "gflops": operations / statistics.median(times) / 1e9})
print(json.dumps({"blas": blas(), "results": results}))
