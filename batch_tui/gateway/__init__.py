"""The embedded Batch API server: a program of its own, started by the command line and the tests.

::

    server      a socket, uvicorn, signals                    options  what it is told
    app         routes, key check, start and stop             clock    time, injected
    ├── files_api  batches_api  uploads_api                   what a client sees; replies: the API's shape
    │   └── form > multipart    content                       bodies in and out as streams
    ├── account > records, disk                               the state: a small JSON file per object
    └── scheduler > run                                       one life cycle per batch
        ├── validator (jsonl.check)   feed   journal          the input checked, read, the results kept
        └── echo | upstream                                   who answers the requests
    seed        an account to show, without any of the above running
"""
