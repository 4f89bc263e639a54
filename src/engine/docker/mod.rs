//! Docker (and Podman through its Docker API), by bollard.
