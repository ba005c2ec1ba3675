// What the scripts of this folder demand, step by step: the first demand that is not met ends the process.

import { isDeepStrictEqual } from "node:util";

export function step(number, text) {
  console.log(`step ${String(number).padStart(2)}: ${text}`);
}

export function check(condition, message) {
  if (!condition) {
    console.error(`FAILED: ${message}`);
    process.exit(1);
  }
}

export function equal(actual, expected, what) {
  const show = (value) => JSON.stringify(value)?.slice(0, 300);
  check(isDeepStrictEqual(actual, expected), `${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export async function expectError(errorClass, what, call) {
  try {
    await call();
  } catch (caught) {
    check(caught instanceof errorClass, `${what}: expected ${errorClass.name}, got ${caught}`);
    equal(caught.$metadata.httpStatusCode, 400, `HTTP status of ${what}`);
    return;
  }
  check(false, `${what}: expected ${errorClass.name}, got an answer`);
}

export async function waitUntil(what, condition, limit = 30_000) {
  const end = performance.now() + limit;
  while (!(await condition())) {
    check(performance.now() < end, `${what} did not happen within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
