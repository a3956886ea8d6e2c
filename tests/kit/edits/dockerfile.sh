# A line in the Dockerfile.
sed -i '0,/^FROM .*/s//&\nENV OURS=1/' Dockerfile
