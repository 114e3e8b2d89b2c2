console.log(__filename, this === exports);
