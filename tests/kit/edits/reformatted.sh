# All code in another style.
ruff format --quiet --line-length=50 --config="format.quote-style='single'" .
