#!/bin/sh
exec fanfold __complete "$@"
