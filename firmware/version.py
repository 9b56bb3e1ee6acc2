"""The application's version, in manifests and on up/state: a number that rises by at least one with every release."""

VERSION = 1
