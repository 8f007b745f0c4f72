type JsonSchema = { default?: unknown; properties?: Record<string, JsonSchema> };

/** The value with every default of the schema filled in, at any depth. The value itself stays as it is. */
export const withDefaults = (schema: object, value: unknown): unknown => {
  const properties = (schema as JsonSchema).properties;
  if (!properties || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const filled: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  for (const [key, property] of Object.entries(properties)) {
    if (!(key in filled) && 'default' in property) filled[key] = structuredClone(property.default);
    if (key in filled) filled[key] = withDefaults(property, filled[key]);
  }
  return filled;
};
