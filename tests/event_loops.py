"""The event loops of asyncio that async replies run in."""

from __future__ import annotations

import asyncio

import uvloop

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
