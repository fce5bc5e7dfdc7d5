/** The fields that a schema knows at a place of a value, for messages about one that it does not know. */
import * as z from "zod";

/** What is read of a JSON Schema. */
interface Node {
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly const?: unknown;
}

/** Names of the fields of the object at `path` in `value`; of a union, those of the members that its constants leave. */
export function fieldsAt(
  schema: z.ZodType,
  value: unknown,
  path: readonly PropertyKey[],
): readonly string[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node;
  let at = value;
  let nodes = membersOf(root, at);
  for (const step of path) {
    at = (at as Readonly<Record<PropertyKey, unknown>>)[step];
    nodes = nodes.flatMap((node) => childrenOf(node, step)).flatMap((node) => membersOf(node, at));
  }
  return [...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function childrenOf({ properties, items, additionalProperties }: Node, step: PropertyKey): Node[] {
  const child = typeof step === "number" ? items : properties?.[String(step)];
  const any = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return [child ?? any].filter((node) => node !== undefined);
}

/** The members of a union that a value may be, by their constant fields. */
function membersOf(node: Node, value: unknown): readonly Node[] {
  const members = node.anyOf ?? node.oneOf;
  if (members === undefined) return [node];
  return members
    .flatMap((member) => membersOf(member, value))
    .filter(({ properties = {} }) =>
      Object.entries(properties).every(
        ([name, field]) =>
          field.const === undefined ||
          field.const === (value as Readonly<Record<string, unknown>>)[name],
      ),
    );
}
