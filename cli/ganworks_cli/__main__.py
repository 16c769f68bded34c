"""`python -m ganworks_cli` is `gan`."""

from ganworks_cli.main import main

raise SystemExit(main())
