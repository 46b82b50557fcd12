#!/bin/sh
# Unpack the CPython that a krunner wheel carries into /out, without the Jupyter parts and what no base image ships.
set -eu
unzip -q "$1" '*.tar.xz' -d /wheel
mkdir /out
tar -xJf "$(find /wheel -name '*.tar.xz')" -C /out
cd /out
rm -rf bin/jupyter* bin/idle* bin/pip* bin/ttyd lib/tcl* lib/tk* lib/Tix* lib/itcl* lib/thread* licenses share
rm -rf lib/python3.13/site-packages lib/python3.13/idlelib lib/python3.13/tkinter lib/python3.13/turtledemo
mkdir lib/python3.13/site-packages
find . -name __pycache__ -prune -exec rm -r {} +
strip --strip-unneeded lib/libpython3.13.so.1.0 bin/python3.13
