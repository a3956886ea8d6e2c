# Files that nobody wants.
git rm --quiet .dockerignore
[[ ! -e SECURITY.md ]] || git rm --quiet SECURITY.md
