# The README, rewritten.
printf '# Ours\n\nAll of it is new.\n' >README.md
