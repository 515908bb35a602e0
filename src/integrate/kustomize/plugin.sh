#!/bin/sh
# kustomize looks for this file by the group, version and kind of the generator, below $KUSTOMIZE_PLUGIN_HOME.
exec fanfold function "$@"
