# A Debian package in the Dockerfile, written by hand.
sed -i '0,/^FROM .*/s//&\nRUN apt-get update \&\& apt-get install --yes tree \&\& rm -r \/var\/lib\/apt\/lists\/*/' Dockerfile
