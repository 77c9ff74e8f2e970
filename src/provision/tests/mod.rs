mod cleanup;
mod database;
mod sides;
mod support;
mod trouble;
