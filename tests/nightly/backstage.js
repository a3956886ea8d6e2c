// Runs the code of Backstage on an entity of the catalog. Reads a JSON object, and prints one:
//   location: { entity }                    validates the location
//   check:    { entity, forms }             validates the entity, and the answers of each form, page by page
//   fill:     { entity, forms }             fills in the defaults of the form library
//   generate: { entity, forms, folders }    runs the Copier action for each form
//   inputs:   { entity, forms }             fills in the steps of each form, and validates the component in them
// Small stand-ins replace the services of a running Backstage.
const { spawn } = require("node:child_process");
const { readFileSync } = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const standIns = {
  "@backstage/backend-common": { resolveSafeChildPath: (base, child) => path.resolve(base, child) },
  "@backstage/plugin-scaffolder-node": {
    createTemplateAction: (action) => action,
    fetchContents: async () => {},
    executeShellCommand: ({ command, args }) =>
      new Promise((resolve, reject) => {
        const child = spawn(command, args);
        let said = "";
        child.stderr.on("data", (text) => (said += text));
        child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(said))));
      }),
  },
};
const load = Module._load;
Module._load = (name, ...rest) => standIns[name] ?? load(name, ...rest);

const folder = path.resolve(process.argv[2], "node_modules");
const inside = (name) => require(path.join(folder, name));

// These match the scaffolder's filters.
const filters = {
  parseRepoUrl: (url) => Object.fromEntries(new URL(`https://${url}`).searchParams),
  pick: (record, key) => record[key],
};

async function checkEntity(entity, validator) {
  const { entityEnvelopeSchemaValidator, FieldFormatEntityPolicy } = inside("@backstage/catalog-model");
  entityEnvelopeSchemaValidator()(entity);
  await new FieldFormatEntityPolicy().enforce(entity);
  return validator.check(entity);
}

function checkLocation(entity) {
  return checkEntity(entity, inside("@backstage/catalog-model").locationEntityV1alpha1Validator);
}

function checkTemplate(entity) {
  return checkEntity(entity, inside("@backstage/plugin-scaffolder-common").templateEntityV1beta3Validator);
}

function checkForm(pages, form) {
  const validator = inside("@rjsf/validator-ajv8").default;
  const { validate } = inside("jsonschema");
  return {
    form: pages.flatMap((page) => validator.rawValidation(page, form).errors ?? []).map((error) => error.instancePath),
    backend: pages.flatMap((page) => validate(form, page).errors).map(String),
  };
}

function fill(pages, form) {
  const validator = inside("@rjsf/validator-ajv8").default;
  const { getDefaultFormState } = inside("@rjsf/utils");
  return pages.reduce(
    (known, page) => getDefaultFormState(validator, page, known, page, false, { allOf: "populateDefaults" }),
    form,
  );
}

function rendered(value, context) {
  const renderer = inside("nunjitsu").createTemplateRenderer({ allowRegexExecution: true, filters });
  return JSON.parse(JSON.stringify(value), (_key, part) =>
    typeof part === "string" ? renderer.renderValue(part, context, { coercion: "json" }) : part,
  );
}

async function inputs({ steps }, form) {
  const published = { output: { repoContentsUrl: `https://${form.repository_host}.example/tree/main` } };
  const context = { parameters: form, steps: { [form.repository_host]: published } };
  const run = rendered(steps, context).filter((step) => step.if ?? true);
  const { entity } = run.find((step) => step.action === "catalog:write").input;
  const valid = await checkEntity(entity, inside("@backstage/catalog-model").componentEntityV1alpha1Validator);
  return { steps: run.map(({ action, input }) => [action, input]), valid };
}

async function generate({ steps }, form, workspacePath) {
  const { createFetchCopierAction } = inside("@diamondlightsource/plugin-scaffolder-backend-module-copier");
  const context = {
    input: rendered(steps[0].input, { parameters: form }),
    workspacePath,
    logger: { info: () => {} },
    createTemporaryDirectory: async () => `${workspacePath}.work`,
  };
  try {
    await createFetchCopierAction({}).handler(context);
    return null;
  } catch (error) {
    return String(error);
  }
}

async function main({ command, entity, forms, folders }) {
  console.log = () => {}; // The action prints its input.
  const pages = entity.spec.parameters;
  const results = {
    location: () => checkLocation(entity),
    check: async () => ({ entity: await checkTemplate(entity), forms: forms.map((form) => checkForm(pages, form)) }),
    fill: async () => forms.map((form) => fill(pages, form)),
    inputs: () => Promise.all(forms.map((form) => inputs(entity.spec, form))),
    generate: () => Promise.all(forms.map((form, number) => generate(entity.spec, form, folders[number]))),
  };
  process.stdout.write(JSON.stringify(await results[command]()));
}

main(JSON.parse(readFileSync(0, "utf-8")));
