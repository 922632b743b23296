//! What to do with a picture: operations, geometry, output.
