#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/replay-dlq.sh --since 30m [what else `sluice dlq redrive --help` shows]
exec "${SLUICE:-sluice}" dlq redrive "$@"
