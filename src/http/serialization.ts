import SerializerSelector from '@fastify/fast-json-stringify-compiler';

const build = SerializerSelector();

/** What was compiled already, by schema: that of an error is part of every route. */
const serializers = new WeakMap<object, SerializerSelector.Serializer>();

/** Fastify's own serializers of replies, but for those that share a schema, which are compiled once. */
export const buildSerializer: SerializerSelector.SerializerFactory = (external, options) => {
  const compile = build(external, options);
  return (route) => {
    const schema = route.schema as object;
    const serialize = serializers.get(schema) ?? compile(route);
    serializers.set(schema, serialize);
    return serialize;
  };
};
