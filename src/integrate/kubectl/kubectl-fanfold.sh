#!/bin/sh
exec fanfold __kubectl "$@"
