"""Admission, tickets, leases, results, the sweeper: all that lives in Redis, and nothing that judges.

Every change of state is one Lua script (`lua/`), whose head comment says which races it settles.
"""
