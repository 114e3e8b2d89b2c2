module.exports = module.filename + (module.parent === require.main);
