"""ask_duckdb.py QUESTION: runs it and prints its rows as CSV; on standard error the seconds that it ran."""

import csv
import sys
import time

import duckdb

began = time.perf_counter()
answer = duckdb.sql(sys.argv[1])
rows = answer.fetchall()
took = time.perf_counter() - began
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(answer.columns)
out.writerows(rows)
print(took, file=sys.stderr)
