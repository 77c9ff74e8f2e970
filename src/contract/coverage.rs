//! Which promises of a contract were seen kept on both sides.

use http::Request;
use http::header::COOKIE;
use serde_json::Value;

use super::model::{Operation, Parameter, Place};
use super::{Contract, Match};
use crate::plan::{ContractSource, Excepted, Exception};
use crate::record;
use crate::record::coverage::{OperationCoverage, Promise, Stranger, Undocumented};
use crate::role::{Pair, Role};

/// Collects what was compared. See [`record::Coverage`] for what counts.
#[derive(Debug)]
pub struct Coverage<'c> {
    contract: &'c Contract,
    record: record::Coverage,
}

/// A request whose answers were compared.
#[derive(Debug)]
pub struct Compared<'a, B> {
    /// Name of the flow.
    pub flow: &'a str,
    /// Name of the step.
    pub step: &'a str,
    /// As the baseline got it.
    pub request: &'a Request<B>,
    /// Statuses of the answers.
    pub answered: Pair<u16>,
}

impl<'c> Coverage<'c> {
    /// Nothing compared yet.
    pub fn new(contract: &'c Contract, source: &ContractSource) -> Self {
        let mut idle: Vec<&Exception> = source.except.iter().collect();
        let operations = contract.operations.iter().map(|operation| {
            idle.retain(|exception| !excepts_any(exception, operation));
            empty(operation, &source.except)
        });
        let operations = operations.collect();
        let record = record::Coverage {
            document: source.document.to_string(),
            title: contract.title.clone(),
            operations,
            idle_exceptions: idle.iter().map(ToString::to_string).collect(),
            warnings: contract.warnings.iter().map(ToString::to_string).collect(),
            ..record::Coverage::default()
        };
        Self { contract, record }
    }

    /// Goes on with what was compared before, of the same contract.
    pub const fn after(contract: &'c Contract, record: record::Coverage) -> Self {
        Self { contract, record }
    }

    /// Two answers were compared.
    pub fn compared<B>(&mut self, compared: &Compared<'_, B>) {
        let target = compared.request.uri().path_and_query().map_or("/", |target| target.as_str());
        let Some(found) = self.contract.find(compared.request.method().as_str(), target) else {
            self.stranger(compared.flow, compared.step);
            return;
        };
        let Some(covered) = self.record.operations.get_mut(found.index) else { return };
        covered.compared += 1;
        for (parameter, promise) in found.operation.parameters.iter().zip(&mut covered.parameters) {
            promise.compared += u64::from(has(self.contract, compared.request, &found, parameter));
        }
        let promised = found.operation.response(compared.answered.baseline);
        if let Some(status) = promised.map(|response| response.status.to_string())
            && let Some(promise) = covered.statuses.iter_mut().find(|promise| promise.name == status)
        {
            promise.compared += 1;
        }
        for (role, status) in compared.answered.iter() {
            if found.operation.response(*status).is_none() {
                undocumented(covered, *status, role, compared);
            }
        }
    }

    /// The evidence.
    pub fn into_record(mut self) -> record::Coverage {
        let operations = &self.record.operations;
        let all = operations.iter().flat_map(|operation| operation.statuses.iter().chain(&operation.parameters));
        let counting: Vec<&Promise> = all.filter(|promise| promise.counts()).collect();
        let (promised, covered) = (counting.len(), counting.iter().filter(|promise| promise.compared > 0).count());
        self.record.promised = promised as u64;
        self.record.covered = covered as u64;
        self.record.share = (promised > 0).then(|| covered as f64 / promised as f64);
        self.record
    }

    fn stranger(&mut self, flow: &str, step: &str) {
        let stranger = Stranger { flow: flow.to_owned(), step: step.to_owned() };
        if !self.record.strangers.contains(&stranger) {
            self.record.strangers.push(stranger);
        }
    }
}

fn empty(operation: &Operation, except: &[Exception]) -> OperationCoverage {
    let status = |name: String| {
        let excepted = except.iter().find(|exception| excepts_status(exception, operation, &name));
        Promise { compared: 0, excepted: excepted.map(|exception| exception.reason.clone()), name }
    };
    let parameter = |parameter: &Parameter| {
        let excepted = except.iter().find(|exception| excepts_parameter(exception, operation, parameter));
        let name = format!("{} {}", parameter.place.name(), parameter.name);
        Promise { compared: 0, excepted: excepted.map(|exception| exception.reason.clone()), name }
    };
    OperationCoverage {
        operation: operation.name(),
        operation_id: operation.operation_id.clone(),
        statuses: operation.responses.iter().map(|response| status(response.status.to_string())).collect(),
        parameters: operation.parameters.iter().map(parameter).collect(),
        ..OperationCoverage::default()
    }
}

fn excepts_any(exception: &Exception, operation: &Operation) -> bool {
    operation.responses.iter().any(|response| excepts_status(exception, operation, &response.status.to_string()))
        || operation.parameters.iter().any(|parameter| excepts_parameter(exception, operation, parameter))
}

fn is_of(exception: &Exception, operation: &Operation) -> bool {
    exception.operation.as_ref().is_none_or(|only| *only == operation.name())
}

fn excepts_status(exception: &Exception, operation: &Operation, status: &str) -> bool {
    let named = |statuses: &[u16]| statuses.iter().any(|excepted| excepted.to_string() == status);
    matches!(&exception.what, Excepted::Statuses(statuses) if named(statuses)) && is_of(exception, operation)
}

fn excepts_parameter(exception: &Exception, operation: &Operation, parameter: &Parameter) -> bool {
    matches!(&exception.what, Excepted::Parameter(name) if *name == parameter.name) && is_of(exception, operation)
}

/// Whether a request has a parameter.
fn has<B>(contract: &Contract, request: &Request<B>, found: &Match<'_>, parameter: &Parameter) -> bool {
    let name = parameter.name.as_str();
    match parameter.place {
        Place::Path => true,
        Place::Header => request.headers().contains_key(name),
        Place::Cookie => cookies(request).any(|cookie| cookie == name),
        Place::Query => {
            let own_names = own_names(contract, parameter);
            found.query.iter().any(|(key, _)| {
                key == name
                    || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('['))
                    || own_names.contains(key)
            })
        }
    }
}

/// The names under which the members of a mapping stand in a query, if they stand there by themselves.
fn own_names(contract: &Contract, parameter: &Parameter) -> Vec<String> {
    let schema = contract.resolve(&parameter.schema);
    let properties = schema.get("properties").and_then(Value::as_object).filter(|_| parameter.explode);
    properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
}

fn cookies<B>(request: &Request<B>) -> impl Iterator<Item = &str> {
    let values = request.headers().get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).filter_map(|pair| Some(pair.split_once('=')?.0.trim()))
}

fn undocumented<B>(covered: &mut OperationCoverage, status: u16, role: Role, compared: &Compared<'_, B>) {
    let known = covered.undocumented.iter().position(|it| it.status == status);
    let index = known.unwrap_or_else(|| {
        let (flow, step) = (compared.flow.to_owned(), compared.step.to_owned());
        covered.undocumented.push(Undocumented { status, answered: Pair::default(), flow, step });
        covered.undocumented.len() - 1
    });
    *covered.undocumented[index].answered.get_mut(role) += 1;
}
