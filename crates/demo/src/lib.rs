//! The demo source: pictures that we render ourselves, served by a small web folder.
