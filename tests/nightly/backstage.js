// Holds catalog-info.yaml to the code that Backstage itself runs. Reads a JSON object, and prints one:
//   check:    { entity, forms }             what its validators say of the entity, and of each form, page by page
//   fill:     { entity, forms }             each form with the defaults that the form library fills in
//   generate: { entity, forms, folders }    lets the Copier action make the repository of each form
// What its modules need of a running Backstage has a stand-in here, as small as can be.
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

// As the scaffolder's filters of the same names.
const filters = {
  parseRepoUrl: (url) => Object.fromEntries(new URL(`https://${url}`).searchParams),
  pick: (record, key) => record[key],
};

async function checkEntity(entity) {
  const { entityEnvelopeSchemaValidator, FieldFormatEntityPolicy } = inside("@backstage/catalog-model");
  const { templateEntityV1beta3Validator } = inside("@backstage/plugin-scaffolder-common");
  entityEnvelopeSchemaValidator()(entity);
  await new FieldFormatEntityPolicy().enforce(entity);
  return templateEntityV1beta3Validator.check(entity);
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

async function generate({ steps }, form, workspacePath) {
  const { createFetchCopierAction } = inside("@diamondlightsource/plugin-scaffolder-backend-module-copier");
  const renderer = inside("nunjitsu").createTemplateRenderer({ allowRegexExecution: true, filters });
  const input = JSON.parse(JSON.stringify(steps[0].input), (_key, value) =>
    typeof value === "string" ? renderer.renderValue(value, { parameters: form }, { coercion: "json" }) : value,
  );
  const context = {
    input,
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

async function main({ what, entity, forms, folders }) {
  console.log = () => {}; // The action prints what it is given.
  const pages = entity.spec.parameters;
  const results = {
    check: async () => ({ entity: await checkEntity(entity), forms: forms.map((form) => checkForm(pages, form)) }),
    fill: async () => forms.map((form) => fill(pages, form)),
    generate: () => Promise.all(forms.map((form, number) => generate(entity.spec, form, folders[number]))),
  };
  process.stdout.write(JSON.stringify(await results[what]()));
}

main(JSON.parse(readFileSync(0, "utf-8")));
