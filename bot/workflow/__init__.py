"""Survey, decide, apply and publish for one repository; speaks to ports only."""
