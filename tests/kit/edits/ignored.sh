# More that Git is to ignore.
echo '*.ours' >>.gitignore
