"""Summarise measurements with pandas."""

import pandas as pd


def summarise(measurements: pd.DataFrame) -> pd.DataFrame:
    """Return the number and the mean of the values of each sensor."""
    return measurements.groupby("sensor")["value"].agg(["count", "mean"])


def main() -> None:
    """Print the summary of an example."""
    measurements = pd.DataFrame(
        {
            "sensor": ["indoors", "outdoors", "indoors", "outdoors"],
            "value": [20.5, 8.0, 21.5, 10.0],
        },
    )
    print(summarise(measurements))


if __name__ == "__main__":
    main()
