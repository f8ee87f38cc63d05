"""`adamml examples`: real clips to try, and fetching those that are asked for."""

import argparse

from adamml.cli.common import bad_input


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("examples", help="list real clips to try, fetch them")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")

    kinds.add_parser("list", help="the clips: what happens, license, size, and whether they are here").set_defaults(
        run=run_list
    )

    pull = kinds.add_parser(
        "pull",
        help="fetch clips into the cache (ADAMML_CACHE, or ~/.cache/adamml)",
        description="Exit status 0 when all are here, 1 when one cannot be had, 2 for an unknown name.",
    )
    pull.add_argument("names", nargs="*", metavar="NAME", help="as `adamml examples list` gives it")
    pull.add_argument("--all", action="store_true", help="all that are listed")
    pull.set_defaults(run=run_pull)


def run_list(args: argparse.Namespace) -> int:
    from adamml.datasets.examples import ExampleError, list_examples, local_example

    try:
        for example in list_examples():
            here = local_example(example.name)
            where = here if here is not None else f"not here; {example.origin}: adamml examples pull {example.name}"
            print(f"{example.name}  {where}")
            print(f"    {example.title} ({example.label}): {example.about}")
            print(f"    {example.license}; {example.credit}")
    except ExampleError as error:
        return bad_input(error)
    return 0


def run_pull(args: argparse.Namespace) -> int:
    from adamml.datasets.examples import ExampleError, fetch_example, get_example, list_examples

    known = [example.name for example in list_examples()]
    if args.all == bool(args.names):
        return bad_input(f"give either names or --all; the examples are {', '.join(known)}")
    try:
        wanted = [get_example(name) for name in (known if args.all else args.names)]  # before anything is fetched
    except ExampleError as error:
        return bad_input(error)
    failed = False
    for example in wanted:
        try:
            where = fetch_example(example.name)
        except ExampleError as error:
            bad_input(error)
            failed = True
            continue
        print(f"{example.name} is here: {where}")
        print(f"    {example.license}; {example.credit}")
    return 1 if failed else 0
