import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Key, parseProfile } from "@verdigris/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type RegisteredTenant,
  Registry,
  RegistryView,
  isSealed,
  openSealedKey,
  parseScope,
  scopeText,
  sealKey,
  stateOf,
} from "../src/registry/index.js";
import { type TestPostgres, startPostgres } from "../../../tests/support/postgres.ts";

const MASTER = Key.fromBytes(new Uint8Array(32).fill(7));
const ACME: RegisteredTenant = {
  name: "acme",
  group: "resellers",
  level: "tenant",
  profile: "smollm2-green-h1",
  apiKeySha256: "a".repeat(64),
  machineToMachine: false,
  fewestTokens: 0,
};
const SCOPE = parseScope("tenant:resellers/acme");
const HOUR = 3_600_000;

let directory = "";
let postgres: TestPostgres;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "registry-"));
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.remove();
  rmSync(directory, { recursive: true });
});

let made = 0;
/** A new, empty database of each kind; PostgreSQL's own is one, so each gets a schema of its own there. */
const URLS = {
  SQLite: () => `sqlite:${join(directory, `${made++}.db`)}`,
  PostgreSQL: () => `${postgres.url}`,
};

describe.each(Object.entries(URLS))("a registry in %s", (kind, url) => {
  const open = async (): Promise<Registry> => {
    const registry = await Registry.open({ url: shared, provider: "us", master: MASTER });
    return registry;
  };
  let shared = "";
  beforeAll(() => {
    shared = url();
  });

  test("registers a tenant once, with an epoch whose key is derived and never stored", async () => {
    const registry = await open();
    const epoch = await registry.addTenant(ACME, 1000);
    expect(epoch).toMatchObject({ number: 1, startsAt: 1000, endsAt: null, revokedAt: null });
    const path = { provider: "us", group: "resellers", tenant: "acme", epoch: "1" };
    expect(registry.key(epoch).id).toBe(MASTER.derive(path).id);
    await expect(registry.addTenant(ACME, 1000)).rejects.toThrow("tenant: expected a new name");
    await expect(registry.addTenant({ ...ACME, name: "other" }, 1000)).rejects.toThrow("API key");
    expect((await registry.snapshot()).tenants).toEqual([ACME]);
    await registry.close();
    if (kind !== "SQLite") return;
    const bytes = readFileSync(shared.slice("sqlite:".length)).toString("latin1");
    for (const secret of [MASTER.reveal(), registry.key(epoch).reveal()]) {
      expect(bytes).not.toContain(secret);
    }
  });

  test("survives being opened again, and refuses another master key or provider", async () => {
    const registry = await open();
    expect(await registry.epochs(SCOPE)).toHaveLength(1);
    await registry.close();
    const other = Key.fromBytes(new Uint8Array(32).fill(8));
    const wrong = Registry.open({ url: shared, provider: "us", master: other });
    await expect(wrong).rejects.toThrow("registry: expected us");
    const foreign = Registry.open({ url: shared, provider: "them", master: MASTER });
    await expect(foreign).rejects.toMatchObject({ code: "KEY_INVALID" });
  });

  test("of two instances that rotate at once exactly one makes the epoch", async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const plan = { after: 1, startsAt: 1000 + HOUR };
    const results = await Promise.all([one.rotate(SCOPE, plan), two.rotate(SCOPE, plan)]);
    expect(results.map(({ made: mine }) => mine).sort()).toEqual([false, true]);
    expect(results[0].epoch.keyId).toBe(results[1].epoch.keyId);
    const epochs = await one.epochs(SCOPE);
    expect(epochs.map(({ number, startsAt, endsAt }) => [number, startsAt, endsAt])).toEqual([
      [1, 1000, 1000 + HOUR],
      [2, 1000 + HOUR, null],
    ]);
    expect(epochs.map((epoch) => stateOf(epoch, 2000))).toEqual(["active", "pending"]);
    expect(epochs.map((epoch) => stateOf(epoch, 1000 + HOUR))).toEqual(["retired", "active"]);
    await Promise.all([one.close(), two.close()]);
  });

  test("refuses an epoch that follows none or starts too early", async () => {
    const registry = await open();
    await expect(registry.rotate(SCOPE, { after: 9, startsAt: 9e12 })).rejects.toThrow(
      "after: expected an epoch that is there, got 9",
    );
    await expect(registry.rotate(SCOPE, { after: 2, startsAt: 1000 })).rejects.toThrow(
      "startsAt: expected a time after",
    );
    await registry.close();
  });

  test("a revoked epoch is revoked once, from then on", async () => {
    const registry = await open();
    await registry.revoke(SCOPE, 1, 5000);
    const [first] = await registry.epochs(SCOPE);
    expect([stateOf(first, 4999), stateOf(first, 5000)]).toEqual(["active", "revoked"]);
    await expect(registry.revoke(SCOPE, 1, 6000)).rejects.toThrow(
      "epoch: expected one that is not",
    );
    await registry.close();
  });
});

describe("a running instance's view", () => {
  const profile = {
    ...parseProfile(
      JSON.parse(
        readFileSync(
          new URL("../../../fixtures/corpora/smollm2/profile-h1.json", import.meta.url),
          "utf8",
        ),
      ),
    ),
    keyId: null,
  };
  const profiles = [{ profile, digest: "d" }];
  const apiKey = "sk-acme";
  const request = new Request("http://gateway/", {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const tenant = async (): Promise<RegisteredTenant> => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(apiKey));
    return { ...ACME, apiKeySha256: Buffer.from(digest).toString("hex") };
  };

  test("rotates without a restart; retired keys stay detectable, pending ones are not yet", async () => {
    const registry = await Registry.open({ url: URLS.SQLite(), provider: "us", master: MASTER });
    let now = 1000;
    const view = new RegistryView(registry, { profiles, now: () => now, refresh: 10 });
    const first = await registry.addTenant(await tenant(), now);
    const startsAt = 1000 + HOUR;
    const second = (await registry.rotate(SCOPE, { after: 1, startsAt })).epoch;
    const markOf = async (): Promise<string | undefined> =>
      (await view.resolveTenant(request))?.key.id;
    expect(await markOf()).toBe(first.keyId);
    expect((await view.marks()).map(({ profile: { keyId } }) => keyId)).toEqual([first.keyId]);
    now = startsAt;
    expect(await markOf()).toBe(second.keyId);
    expect((await view.marks()).map(({ key }) => key.id)).toEqual([second.keyId, first.keyId]);
    const unknown = new Request("http://gateway/", { headers: { authorization: "Bearer sk-x" } });
    expect(await view.resolveTenant(unknown)).toBeNull();
    await registry.close();
  });

  test("outlives the database for as long as it was told, and no longer", async () => {
    const url = postgres.url;
    const registry = await Registry.open({ url, provider: "us", master: MASTER });
    await registry.addTenant({ ...(await tenant()), name: "lasting" }, 1000);
    let now = 10_000;
    const errors: unknown[] = [];
    const view = new RegistryView(registry, {
      profiles,
      now: () => now,
      refresh: 1000,
      stale: 60_000,
      onError: (error) => errors.push(error),
    });
    expect((await view.resolveTenant(request))?.name).toBe("lasting");
    await postgres.stop();
    now += 59_000;
    expect((await view.resolveTenant(request))?.name).toBe("lasting");
    now += 2000;
    await expect(view.resolveTenant(request)).rejects.toThrow("registry: cannot be read");
    expect(errors.length).toBeGreaterThan(0);
    expect(String(errors)).not.toContain(MASTER.reveal());
    await postgres.start();
    const nameNow = async (): Promise<string | undefined> => {
      try {
        return (await view.resolveTenant(request))?.name;
      } catch {
        return undefined;
      }
    };
    await expect.poll(nameNow).toBe("lasting");
    await registry.close();
  });

  test("of an instance whose clock is behind tests for what another marks already", async () => {
    const registry = await Registry.open({ url: URLS.SQLite(), provider: "us", master: MASTER });
    await registry.addTenant(await tenant(), 1000);
    const startsAt = 1000 + HOUR;
    await registry.rotate(SCOPE, { after: 1, startsAt });
    const ahead = new RegistryView(registry, { profiles, now: () => startsAt });
    const behind = new RegistryView(registry, { profiles, now: () => startsAt - 30_000 });
    const marked = (await ahead.resolveTenant(request))?.key.id;
    expect((await behind.resolveTenant(request))?.key.id).not.toBe(marked);
    expect((await behind.marks()).map(({ key }) => key.id)).toContain(marked);
    const strict = new RegistryView(registry, { profiles, now: () => startsAt - 1, skew: 0 });
    expect((await strict.marks()).map(({ key }) => key.id)).not.toContain(marked);
    await registry.close();
  });

  test("reads the registry again when its clock is set back, and sees a revocation", async () => {
    const registry = await Registry.open({ url: URLS.SQLite(), provider: "us", master: MASTER });
    let now = 10 * HOUR;
    const view = new RegistryView(registry, { profiles, now: () => now, refresh: 1000 });
    await registry.addTenant(await tenant(), 1000);
    expect((await view.resolveTenant(request))?.name).toBe("acme");
    await registry.revoke(SCOPE, 1, 2000);
    now -= HOUR;
    // The old snapshot serves while the new one is read.
    await view.resolveTenant(request);
    const asked = async (): Promise<string> => {
      try {
        return (await view.resolveTenant(request))?.name ?? "nobody";
      } catch (error) {
        return String(error);
      }
    };
    await expect.poll(asked).toContain("no active epoch");
    await registry.close();
  });

  test("refuses a profile that is bound to a key", () => {
    const bound = { profile: { ...profile, keyId: "0".repeat(16) }, digest: "d" };
    const registry = {} as Registry;
    expect(() => new RegistryView(registry, { profiles: [bound], now: () => 0 })).toThrow(
      "profiles: expected a key left open",
    );
  });
});

describe("scopes", () => {
  test.each(["provider", "group:a", "tenant:a/b.c"])("%s is read and written back", (text) => {
    expect(scopeText(parseScope(text))).toBe(text);
  });
  test.each([
    "",
    "group:",
    "group:a/b",
    "tenant:a",
    "tenant:a/",
    "tenant:a/b/c",
    "user:a",
    "group:ä",
  ])("%j is refused", (text) => {
    expect(() => parseScope(text)).toThrow(RangeError);
  });
});

describe("a sealed key", () => {
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(3);
  const options = { random, cost: { N: 2 ** 10, r: 8, p: 1 } };

  test("opens with its passphrase only, and not after a change", async () => {
    const sealed = await sealKey(MASTER, "correct horse battery", options);
    expect(JSON.stringify(sealed)).not.toContain(MASTER.reveal());
    expect(isSealed(JSON.stringify(sealed))).toBe(true);
    expect((await openSealedKey(sealed, "correct horse battery")).reveal()).toBe(MASTER.reveal());
    const wrong = openSealedKey(sealed, "correct horse batterx");
    await expect(wrong).rejects.toMatchObject({ code: "KEY_INVALID" });
    const changed = openSealedKey({ ...sealed, keyId: "0".repeat(16) }, "correct horse battery");
    await expect(changed).rejects.toMatchObject({ code: "KEY_INVALID" });
    await expect(openSealedKey({ a: 1 }, "x")).rejects.toMatchObject({ code: "FILE_INVALID" });
    await expect(sealKey(MASTER, "short", options)).rejects.toThrow("passphrase: expected 12");
  });
});
