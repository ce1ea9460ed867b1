"""`zppo corpus --out DIR`: builds ZPPO-77K from its two public sources."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from zppo.errors import ConfigError

DESCRIPTION = (
    "Builds ZPPO-77K from Vero-600k and MMFineReason-586K, which are read from local folders in the layout of their "
    "Hub repositories or downloaded from the Hub. What was interrupted continues with the same command and ends the "
    "same. docs/corpus.md explains the manifest and what is not known of the sources."
)
MOST_WORKERS = 8


def add_corpus(commands: Any) -> None:
    corpus = commands.add_parser(
        "corpus", help="build the training corpus from its public sources", description=DESCRIPTION, allow_abbrev=False
    )
    corpus.add_argument("--out", type=Path, metavar="DIR", help="folder to build in (not needed with --dry-run)")
    source = "folder, or Hub name such as org/name or org/name@revision (default: the recipe's)"
    corpus.add_argument("--vero", metavar="DIR|NAME", help=source)
    corpus.add_argument("--mmfinereason", metavar="DIR|NAME", help=source)
    tokenizer = "folder or Hub name of the student, whose tokenizer and image processor count the tokens of a prompt"
    corpus.add_argument("--tokenizer", metavar="MODEL", help=tokenizer)
    bounds = "%s pixels of an image as the student sees it (default: the image processor's)"
    corpus.add_argument("--min-pixels", type=int, metavar="N", help=bounds % "fewest")
    corpus.add_argument("--max-pixels", type=int, metavar="N", help=bounds % "most")
    corpus.add_argument("--seed", type=int, default=0, help="decides which rows of a sub-dataset stay (default: 0)")
    corpus.add_argument("--recipe", type=Path, metavar="FILE.yaml", help="instead of the shipped one")
    accept = "build although the sources are not what the recipe expects; rows in doubt are left out"
    corpus.add_argument("--accept-unexpected", action="store_true", help=accept)
    workers = f"threads, each with a shard of its own (default: one per core, at most {MOST_WORKERS})"
    corpus.add_argument("--workers", type=int, metavar="N", help=workers)
    corpus.add_argument("--dry-run", action="store_true", help="only print the plan; reads no images")
    corpus.add_argument("--json", action="store_true", help="print the plan, or the manifest, as JSON")
    corpus.set_defaults(run=_corpus)


def _corpus(options: argparse.Namespace, rest: Sequence[str]) -> int:
    # Imported late: these modules load pyarrow, datasets and transformers.
    from zppo.data.corpus.build import look
    from zppo.data.corpus.recipe import SOURCES, load_recipe
    from zppo.data.corpus.sources import open_repository

    workers = min(MOST_WORKERS, os.cpu_count() or 1) if options.workers is None else options.workers
    if workers < 1:
        raise ConfigError(f"--workers is {workers}; at least one thread must work")
    if not options.dry_run and (options.out is None or options.tokenizer is None):
        what = "--out, the folder to build in" if options.out is None else "--tokenizer, to count the tokens of prompts"
        raise ConfigError(f"zppo corpus needs {what} (or --dry-run, which only prints the plan)")
    recipe, digest = load_recipe(options.recipe)
    repositories = {s: open_repository(getattr(options, s) or recipe.sources[s].hub) for s in SOURCES}
    if options.dry_run:
        plan = look(recipe, repositories, workers)
        print(json.dumps(plan.as_dict(), indent=1) if options.json else plan.as_text())
        return 0
    return _build(options, recipe, digest, repositories, workers)


def _build(options: argparse.Namespace, recipe: Any, digest: str, repositories: Any, workers: int) -> int:
    from zppo.data.corpus.build import Build, run
    from zppo.data.corpus.length import load_length
    from zppo.data.corpus.manifest import as_text
    from zppo.data.corpus.scan import Examiner
    from zppo.rewards.routing import RoutedScorer
    from zppo.zone.prompts import Templates

    plain = Templates.load().plain
    length = load_length(options.tokenizer, plain, options.min_pixels, options.max_pixels)
    verdict = RoutedScorer()
    settings = {
        "recipe": digest,
        "seed": options.seed,
        "lengths": length.describe(),
        "sources": {s: {"name": r.name, "revision": r.revision} for s, r in repositories.items()},
    }
    examiner = Examiner(recipe, options.seed, lambda question: verdict.check([question]), length)
    say = partial(print, file=sys.stderr)  # Standard output may be JSON.
    build = Build(options.out, repositories, examiner, settings, options.accept_unexpected, workers, say)
    path = run(build)
    verdict.close()
    manifest = path.read_text("utf-8")
    print(manifest if options.json else as_text(json.loads(manifest), path))
    return 0
