//! The data plane: a request, a stored response or a fill, an answer.
