"""One module a verb: ``add_arguments`` declares, ``run`` does. A module is loaded only when its verb is used."""
