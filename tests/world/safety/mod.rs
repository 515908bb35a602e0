//! What must never happen where a server has a say: the counterpart of the quick tests of that name.
