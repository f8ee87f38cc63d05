"""`adamml models`: which models are here, and which can be fetched."""

import argparse


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    subparsers.add_parser("models", help="list the models that are here, and those that can be fetched").set_defaults(
        run=run
    )


def run(args: argparse.Namespace) -> int:
    from adamml.weights.ibm_checkpoint import PUBLISHED
    from adamml.weights.model_lookup import installed_models

    here = installed_models()
    for model in here:
        size = sum(file.stat().st_size for file in model.where.glob("*.safetensors")) / 1e6
        print(f"{model.name}  {model.card.version}, {len(model.card.classes)} classes, {size:.0f} MB, {model.where}")
        print(f"    {model.card.trained}; {model.card.licence}")
    for name, published in PUBLISHED.items():
        if name not in {model.name for model in here}:
            print(f"{name}  not here; adamml weights pull {name}")
            print(f"    {published.about}; {published.licence}")
    return 0
