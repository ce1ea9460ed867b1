"""The match audit of finished runs, from their rollout dumps, beside the paper's (method section 9).

    python benchmarks/audit.py RUN_DIR [RUN_DIR ...]

Prints two Markdown tables with a row for each run: what the rollouts behind BCQs and NCQs repeat.
"""

import argparse

from zppo.compare.tables import table
from zppo.errors import CheckpointError
from zppo.reports.audit import audit_of, audit_tables
from zppo.run.directory import RunDirectory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN_DIR")
    try:
        tables = audit_tables({run: audit_of(RunDirectory(run)) for run in parser.parse_args().runs})
    except CheckpointError as error:
        parser.error(str(error))
    for found in tables:
        print(f"{found.title}\n\n{table(found.header, found.rows)}\n")
    if not tables:
        print("There is no scored rollout behind a BCQ or an NCQ in these runs.")


if __name__ == "__main__":
    main()
