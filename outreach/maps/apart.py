"""What a process of its own is given to know: none of the installation's secrets."""

#: In place of the server's own, in which the keys of database and mail stand. One thread, so that
#: the memory they may take suffices.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PROJ_NETWORK": "OFF"}
